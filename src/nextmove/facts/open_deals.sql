-- One row a period and deal that was open at its end, in the stage and with the amount it had then; with the share of decided deals of that
-- stage that were won, as known then; with the model's newest chance that had been told by then (else the stage's share); and whether it was
-- expected to close in the next period.
-- needs: opportunities.created_at
-- per: period
with decided as (
    select stay.stage, deal.day, max(case when deal.won then 1 else 0 end) as won, deal.opportunity_id
    from facts.stage_stays as stay
    join facts.deals_decided as deal on deal.opportunity_id = stay.opportunity_id
    where deal.day < :seen
    group by stay.stage, deal.day, deal.opportunity_id
),
rates as (
    select p.id as period_id, decided.stage, avg(decided.won) as won_share
    from periods as p
    join decided on decided.day < p.until
    group by p.id, decided.stage
),
overall as (
    select p.id as period_id, avg(case when deal.won then 1 else 0 end) as won_share
    from periods as p
    join facts.deals_decided as deal on deal.day < p.until and deal.day < :seen
    group by p.id
),
chances as (
    select opportunity_id, chance, scored_on, lead(scored_on) over (partition by opportunity_id order by scored_on) as told_anew_on
    from main.deal_chances
)
select
    p.id as period_id, state.opportunity_id, state.stage, state.account_id, state.rep_id, state.team, state.region, state.source,
    state.amount, state.unpriced,
    coalesce(rates.won_share, overall.won_share) as won_share,
    coalesce(scored.chance, rates.won_share, overall.won_share) as model_share,
    scored.chance is not null as is_scored,
    coalesce(state.expected_close_on >= following.start_day and state.expected_close_on < following.end_day, false) as closes_next
from periods as p
join facts.deal_states as state on state.day < p.until and (state.left_on is null or state.left_on >= p.until)
left join main.periods as following on following.previous_id = p.id and following.calendar = :calendar and following.grain = :grain
left join rates on rates.period_id = p.id and rates.stage = state.stage
left join chances as scored
    on scored.opportunity_id = state.opportunity_id
    and scored.scored_on < p.until and (scored.told_anew_on is null or scored.told_anew_on >= p.until)
left join overall on overall.period_id = p.id
where state.day < :seen
