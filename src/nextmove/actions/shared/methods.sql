-- The contact method that brought a customer's orders, else its representative's: the one with the most sales in two years.
with sold as (
    select account_id, rep_id, contact_method, sum(net) as net
    from facts.sales
    where contact_method is not null and is_purchase and day > {as_of} - 730 and day <= {as_of}
    group by account_id, rep_id, contact_method
),
totals as (
    select account_id, cast(null as varchar) as rep_id, contact_method, sum(net) as net from sold group by account_id, contact_method
    union all
    select cast(null as varchar), rep_id, contact_method, sum(net) from sold where rep_id is not null group by rep_id, contact_method
),
ordered as (
    select totals.*, row_number() over (partition by account_id, rep_id order by net desc, contact_method) as place from totals
)
select account_id, rep_id, contact_method from ordered where place = 1
