-- One row the last purchase line of each day on which an account bought, as in `purchase_ends`, with the account's usual gap so far in whole
-- days (the median, rounded up; empty before it has two gaps): by its own rhythm a customer is lost after a multiple of it.
-- needs: order_lines.account_id
-- keep: view
select
    bought.account_id, bought.day, bought.next_day, bought.rep_id, bought.team, bought.region, bought.country, bought.channel, bought.segment,
    bought.industry, bought.source, bought.campaign_id, date_diff('day', due.bought_on, due.day) as usual_days
from facts.purchase_ends as bought
left join facts.due_dates as due on due.account_id = bought.account_id and due.bought_on = bought.day
where bought.closes_day
