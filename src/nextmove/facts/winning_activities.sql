-- One row an activity on a deal that was won, up to its closing, dated by that; representative and team are the deal's.
-- needs: activities.opportunity_id
-- keep: view
select activity.activity_id, deal.day, activity.kind, deal.rep_id, deal.team
from facts.activities as activity
join facts.deals_decided as deal on deal.opportunity_id = activity.opportunity_id
where deal.won and activity.started_at <= deal.closed_at
