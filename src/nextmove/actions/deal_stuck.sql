-- One row an open deal that overstays in its stage. The episode is the day on which it entered the stage.
with stays as (
    select deal.*, {as_of} - cast(stage_days as integer) as stage_since_on
    from acting.open_deals as deal
    where stuck and stage_days <= {dead_after_days}
)
select
    opportunity_id,
    account_id,
    product_id,
    rep_id,
    concat(stage, ' ', stage_since_on) as episode,
    profit as at_stake,
    win_probability as probability,
    stage,
    stage_since_on,
    stage_days,
    stuck_after_days as usual_stage_days,
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
from stays
