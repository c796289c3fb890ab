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

-- Leads and marketing, pipeline, people, market: as the numbers stood at the end of 17 September 2024.
create table golden.ends as
select start, least(cast(start + interval 1 month as date), date '2024-09-18') as ends from golden.months;
create table golden.firsts as
select
    account_id, min(ordered_at) as at, min(day) as day,
    arg_min_null(channel, (ordered_at, order_id, line_no)) as channel, arg_min_null(campaign_id, (ordered_at, order_id, line_no)) as own_campaign_id
from golden.purchases group by account_id;
create table golden.leads as
select
    lead_id, created_at, golden.local_day(created_at) as day, golden.known(source) as source, golden.known(rep_id) as rep, golden.known(campaign_id) as campaign,
    segment, country, score, mql_at, sql_at, golden.local_day(mql_at) as mql_day, golden.local_day(sql_at) as sql_day,
    golden.local_day(first_response_at) as response_day,
    epoch(first_response_at - coalesce(assigned_at, created_at)) / 3600 as hours,
    golden.local_day((
        select min(deals.created_at) from main.opportunities as deals
        where deals.lead_id = leads.lead_id or deals.opportunity_id = leads.opportunity_id
    )) as opportunity_day,
    (select day from golden.firsts where firsts.account_id = leads.account_id) as customer_day
from main.leads where golden.local_day(created_at) <= date '2024-09-17';
create table golden.spend as
select
    spent_on as day, department, golden.known(channel) as channel,
    amount * case when coalesce(spend.currency, 'EUR') = 'EUR' then 1.0 else rates.rate end as amount
from main.spend
asof left join main.exchange_rates as rates on rates.currency = spend.currency and rates.day <= spend.spent_on
where spent_on <= date '2024-09-17';
create table golden.deals as
with dated as (
    select
        opportunity_id, account_id, lead_id, created_at, closed_at, status, amount, expected_close_on, competitor, stage as last_stage,
        rep_id as own_rep, region as own_region, source as own_source, loss_reason as reason,
        nullif(currency, 'EUR') as foreign_currency, golden.local_day(created_at) as day,
        case when status <> 'open' then golden.local_day(closed_at) end as closed_day
    from main.opportunities
)
select
    dated.* exclude (own_rep, own_region, own_source, reason),
    golden.known(coalesce(own_rep, accounts.rep_id)) as rep, golden.known(coalesce(own_region, accounts.region)) as region,
    golden.known(own_source) as source, golden.known(reason) as loss_reason,
    case when foreign_currency is null then 1.0 else created.rate end as created_rate,
    amount * case when foreign_currency is null then 1.0 else closed.rate end as closed_amount
from dated
asof left join main.exchange_rates as created on created.currency = dated.foreign_currency and created.day <= dated.day
asof left join main.exchange_rates as closed on closed.currency = dated.foreign_currency and closed.day <= dated.closed_day
left join main.accounts on accounts.account_id = dated.account_id
where dated.day <= date '2024-09-17';
create view golden.decided as select * from golden.deals where closed_day <= date '2024-09-17';
create table golden.open_deals as
select
    start, ends, deals.opportunity_id, rep, source, expected_close_on,
    coalesce(told.amount, deals.amount) * created_rate as amount,
    golden.known(case when firsts.opportunity_id is null then last_stage else coalesce(told.to_stage, firsts.from_stage) end) as stage
from golden.ends
join golden.deals on day < ends and (status = 'open' or closed_day >= ends)
left join (select opportunity_id, arg_min_null(from_stage, changed_at) as from_stage from main.stage_changes group by 1) as firsts using (opportunity_id)
left join lateral (
    select arg_max_null(to_stage, changed_at) as to_stage, arg_max(amount, changed_at) as amount
    from main.stage_changes as changes
    where changes.opportunity_id = deals.opportunity_id and golden.local_day(changed_at) < ends
) as told on true;
create table golden.stays as
with entered as (
    select opportunity_id, created_at as entered_at, 0 as place,
        coalesce((select arg_min_null(from_stage, changed_at) from main.stage_changes as c where c.opportunity_id = deals.opportunity_id),
            case when opportunity_id not in (select opportunity_id from main.stage_changes) then last_stage end) as stage
    from golden.deals
    union all
    select opportunity_id, changed_at, 1, to_stage from main.stage_changes where opportunity_id in (select opportunity_id from golden.deals)
),
changed as (
    select * from entered where stage is not null
    qualify stage is distinct from lag(stage) over (partition by opportunity_id order by place, entered_at)
)
select
    changed.opportunity_id, changed.stage, entered_at, golden.local_day(entered_at) as day, rep, deals.source, status, closed_day,
    least(lead(entered_at) over (partition by changed.opportunity_id order by place, entered_at), case when status <> 'open' then closed_at end) as left_at,
    list_position(['new', 'talks', 'offer', 'contract'], changed.stage) as rank
from changed join golden.deals using (opportunity_id)
qualify status = 'open' or closed_at is null or entered_at <= closed_at;
create table golden.activities as
select activities.*, golden.local_day(started_at) as day, golden.known(activities.rep_id) as rep
from main.activities where golden.local_day(started_at) <= date '2024-09-17';
