-- One row an account with a completed order: the day of its first such order and that of its second.
-- needs: order_lines.account_id
-- rebuilt: account_id
select
    account_id,
    min(day) as first_order_on,
    min(case when place = 2 then day end) as second_order_on
from (
    select account_id, day, row_number() over (partition by account_id order by day, order_id) as place
    from (
        select account_id, order_id, min(day) as day
        from facts.sales
        where status = 'completed' and account_id is not null
        group by account_id, order_id
    ) as orders
) as numbered
group by account_id
