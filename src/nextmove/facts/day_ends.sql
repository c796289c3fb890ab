-- One row for the first and one for the last purchase line of each day on which an account bought; a line that is both stands once.
-- Lines of one moment are ordered by order and line number. Only `purchase_ends` is made of it: a load changes the rows of its own
-- days, while a new day moves what stands around it.
-- needs: order_lines.account_id
-- rebuilt: account_id, day
with orders as (
    select
        account_id, day, ordered_at, order_id, rep_id, region, channel, campaign_id,
        min(line_no) as first_line, max(line_no) as last_line
    from facts.sales
    where is_purchase
    group by account_id, day, ordered_at, order_id, rep_id, region, channel, campaign_id
),
placed as (
    select
        orders.*,
        row_number() over (partition by account_id, day order by ordered_at, order_id, first_line) = 1 as opens_day,
        row_number() over (partition by account_id, day order by ordered_at desc, order_id desc, last_line desc) = 1 as closes_day
    from orders
)
select account_id, day, ordered_at, rep_id, region, channel, campaign_id, opens_day, closes_day
from placed
where opens_day or closes_day
