-- One row an answer to a survey, on its local day, with what hangs on the account that gave it.
-- needs: surveys.score
select
    survey.survey_id,
    case when survey.responded_at >= calendar.turns_at then calendar.local_day_after else calendar.local_day end as day,
    survey.account_id,
    account.rep_id,
    rep.team,
    account.region,
    account.country,
    account.channel,
    account.segment,
    account.industry,
    survey.kind,
    survey.score
from main.surveys as survey
join main.calendar as calendar on calendar.day = cast(survey.responded_at as date)
left join main.accounts as account on account.account_id = survey.account_id
left join main.reps as rep on rep.rep_id = account.rep_id
