-- One row an open deal without any activity for a while. The episode is the last activity, so a call begins a new one.
with touched as (
    select opportunity_id, max(started_at) as last_activity_at from main.activities where opportunity_id is not null group by opportunity_id
),
quiet as (
    select
        deal.*,
        cast(touched.last_activity_at as date) as last_activity_on,
        date_diff('day', cast(coalesce(touched.last_activity_at, deal.created_at) as date), {as_of}) as deal_quiet_days
    from acting.open_deals as deal
    left join touched on touched.opportunity_id = deal.opportunity_id
)
select
    opportunity_id,
    account_id,
    product_id,
    rep_id,
    coalesce(last_activity_on, cast(created_at as date)) as episode,
    profit as at_stake,
    win_probability as probability,
    last_activity_on,
    case when last_activity_on is not null then deal_quiet_days end as deal_quiet_days,
    case when last_activity_on is null then cast(created_at as date) end as never_since_on,
    stage,
    stage_days,
    money as deal_money,
    win_probability as win_share,
    usual_probability as usual_share,
    expected_close_on,
    likely_close_on,
    field,
    member,
    helps_share,
    hurts_share,
    all_share
from quiet
where quiet.deal_quiet_days >= {quiet_days} and quiet.deal_quiet_days <= {dead_after_days}
