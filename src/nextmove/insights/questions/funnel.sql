-- One row an entry into a step of the funnel since :first: when it was entered, when it went on to a later step, when it was left at all.
-- A lead leaves a step only by going on or by being refused. `place` orders the steps: those of leads come first.
select 'lead' as kind, 'lead' as step, 1 as place, lead.rep_id, lead.day as entered_on, lead.mql_day as on_day,
    coalesce(lead.mql_day, cast(raw.disqualified_at as date)) as left_on, cast(null as double) as amount
from facts.leads as lead
join main.leads as raw on raw.lead_id = lead.lead_id
where lead.day >= :first and lead.day < :seen
union all
select 'lead', 'mql', 2, lead.rep_id, lead.mql_day, lead.sql_day, coalesce(lead.sql_day, cast(raw.disqualified_at as date)), null
from facts.leads as lead
join main.leads as raw on raw.lead_id = lead.lead_id
where lead.mql_day >= :first and lead.mql_day < :seen
union all
select 'lead', 'sql', 3, lead.rep_id, lead.sql_day, lead.opportunity_day, coalesce(lead.opportunity_day, cast(raw.disqualified_at as date)), null
from facts.leads as lead
join main.leads as raw on raw.lead_id = lead.lead_id
where lead.sql_day >= :first and lead.sql_day < :seen
union all
select 'deal', stay.stage, 3 + ranks.place, stay.rep_id, stay.day, stay.later_day, cast(stay.left_at as date), cast(deal.amount as double)
from facts.stage_stays as stay
join facts.stage_ranks as ranks on ranks.stage = stay.stage
join facts.deals as deal on deal.opportunity_id = stay.opportunity_id
where stay.day >= :first and stay.day < :seen
