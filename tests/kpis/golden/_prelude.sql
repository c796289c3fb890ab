-- What the golden queries start from: the raw tables, read without any of the product's facts or its calendar.
create schema golden;
create macro golden.local_day(moment) as cast(timezone('Europe/Berlin', timezone('UTC', moment)) as date);
create macro golden.known(member) as coalesce(member, '(unknown)');
create macro golden.month(day) as cast(date_trunc('month', day) as date);
create table golden.months as
    select cast(unnest(range(date '2023-01-01', date '2024-10-01', interval 1 month)) as date) as start;
create table golden.days as
    select cast(unnest(range(date '2023-01-01', date '2024-09-18', interval 1 day)) as date) as day;
create table golden.lines as
with dated as (
    select *, golden.local_day(ordered_at) as day, coalesce(nullif(currency, 'EUR'), 'none') as foreign_currency
    from main.order_lines
    where golden.local_day(ordered_at) <= date '2024-09-17'
),
rated as (
    select dated.*, case when foreign_currency = 'none' then 1.0 else rates.rate end as rate
    from dated
    asof left join main.exchange_rates as rates on rates.currency = dated.foreign_currency and rates.day <= dated.day
)
select
    order_id, line_no, ordered_at, rated.day, rated.account_id, product_id, quantity, contact_method, campaign_id, cancel_reason,
    golden.known(coalesce(rated.rep_id, accounts.rep_id)) as rep,
    golden.known(coalesce(rated.region, accounts.region)) as region,
    golden.known(coalesce(rated.channel, accounts.channel)) as channel,
    golden.known(accounts.segment) as segment,
    golden.known(products.category) as category,
    coalesce(rated.initiative, products.initiative, campaigns.initiative) as initiative,
    products.launched_on,
    coalesce(status, 'completed') as status,
    net_amount * rate as net,
    coalesce(cost_amount * rate, quantity * products.unit_cost) as cost,
    list_amount * rate as list,
    promised_on, delivered_on, delivered_quantity,
    coalesce(status, 'completed') = 'completed' and net_amount > 0 and rated.account_id is not null as bought
from rated
left join main.accounts using (account_id)
left join main.products using (product_id)
left join main.campaigns using (campaign_id);
create view golden.sales as select * from golden.lines where status in ('completed', 'returned');
create view golden.purchases as select * from golden.lines where bought;
create table golden.departures as
select days.day as departed_on, account_id, last_day, rep
from golden.days as days
cross join lateral (
    select account_id, max(p.day) as last_day, arg_max_null(rep, (ordered_at, order_id, line_no)) as rep
    from golden.purchases as p where p.day <= days.day group by account_id
) as lives
where cast(last_day + interval 6 month as date) = days.day;
create table golden.base as
select months.start, account_id, last_day, rep
from golden.months as months
cross join lateral (
    select account_id, max(p.day) as last_day, arg_max_null(rep, (ordered_at, order_id, line_no)) as rep
    from golden.purchases as p where p.day < months.start group by account_id
) as lives
where cast(last_day + interval 6 month as date) >= months.start;
create table golden.invoices as
select
    invoice_id, invoices.account_id, issued_on, due_on, paid_on, paid_amount, golden.known(coalesce(invoices.rep_id, accounts.rep_id)) as rep,
    amount, case when coalesce(invoices.currency, 'EUR') = 'EUR' then 1.0 else rates.rate end as rate
from main.invoices
asof left join main.exchange_rates as rates on rates.currency = invoices.currency and rates.day <= invoices.issued_on
left join main.accounts on accounts.account_id = invoices.account_id
where coalesce(kind, 'invoice') = 'invoice';
