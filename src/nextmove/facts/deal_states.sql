-- One row a state of a deal that lasted over the end of a day: its stage and amount from `day` on until `left_on` (empty: still so). The
-- amount is the last that the history tells by then, else today's; the stage before the first change is where that change came from.
-- A won or lost deal without a closing day has no state. Money is at the rate of the deal's creation.
-- needs: opportunities.created_at
-- until: left_on
with changes as (
    select
        change.opportunity_id,
        change.changed_at,
        case when change.changed_at >= calendar.turns_at then calendar.local_day_after else calendar.local_day end as day,
        change.to_stage as stage,
        change.amount,
        first_value(change.from_stage) over (partition by change.opportunity_id order by change.changed_at) as first_stage
    from main.stage_changes as change
    join main.calendar as calendar on calendar.day = cast(change.changed_at as date)
),
moments as (
    select deal.opportunity_id, deal.day, deal.created_at as changed_at, 0 as place, coalesce(origin.first_stage, case when origin.opportunity_id is null then deal.stage end) as stage,
        cast(null as decimal(18, 4)) as amount
    from facts.deals as deal
    left join (select distinct opportunity_id, first_stage from changes) as origin on origin.opportunity_id = deal.opportunity_id
    union all
    select change.opportunity_id, case when change.day > deal.day then change.day else deal.day end, change.changed_at, 1 as place, change.stage, change.amount
    from changes as change
    join facts.deals as deal on deal.opportunity_id = change.opportunity_id
),
carried as (
    select
        opportunity_id, day, place, changed_at, stage, amount,
        count(amount) over (partition by opportunity_id order by place, changed_at) as amounts
    from moments
),
known as (
    select
        opportunity_id, day, stage,
        max(amount) over (partition by opportunity_id, amounts) as amount,
        row_number() over (partition by opportunity_id, day order by place desc, changed_at desc) as from_last
    from carried
),
days as (
    select opportunity_id, day, stage, amount, lead(day) over (partition by opportunity_id order by day) as next_day
    from known
    where from_last = 1
)
select
    deal.opportunity_id,
    days.day,
    case when days.next_day < deal.closed_day or deal.closed_day is null then days.next_day else deal.closed_day end as left_on,
    days.stage,
    deal.account_id,
    deal.rep_id,
    deal.team,
    deal.region,
    deal.country,
    deal.channel,
    deal.segment,
    deal.industry,
    deal.source,
    deal.contact_method,
    deal.product_id,
    deal.expected_close_on,
    case
        when days.amount is null then deal.amount
        else days.amount * case when raw.currency is null or raw.currency = :reporting_currency then cast(1 as decimal(20, 8)) else rates.rate end
    end as amount,
    deal.unpriced
from days
join facts.deals as deal on deal.opportunity_id = days.opportunity_id
join main.opportunities as raw on raw.opportunity_id = days.opportunity_id
left join facts.daily_rates as rates on rates.currency = raw.currency and rates.day = deal.day
where not deal.undated and (deal.closed_day is null or days.day < deal.closed_day)
