-- One row an open deal that overstays in its stage. The episode is the day on which it entered the stage.
with limits as (
    select stage, quantile_cont(stay_days, {share_of_won}) as usual_stage_days
    from acting.won_stays
    group by stage
    having count(*) >= {min_won}
),
stays as (
    select deal.*, date_diff('day', cast(deal.stage_since as date), {as_of}) as stage_days
    from acting.open_deals as deal
)
select
    stays.opportunity_id,
    stays.account_id,
    stays.product_id,
    stays.rep_id,
    concat(stays.stage, ' ', cast(stays.stage_since as date)) as episode,
    stays.profit as at_stake,
    stays.win_probability as probability,
    stays.stage,
    cast(stays.stage_since as date) as stage_since_on,
    stays.stage_days,
    limits.usual_stage_days,
    stays.money as deal_money,
    stays.win_probability as win_share,
    stays.expected_close_on
from stays
join limits on limits.stage = stays.stage
where stays.stage_days > limits.usual_stage_days and stays.stage_days <= {dead_after_days}
