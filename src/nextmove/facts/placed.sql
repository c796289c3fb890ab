-- One row an order line that was placed, whether it was completed or cancelled; a return is not placed.
-- needs: order_lines.net_amount
-- keep: view
select order_id, day, account_id, rep_id, team, product_id, category, region, channel, false as cancelled
from facts.sales
where status = 'completed'
union all
select order_id, day, account_id, rep_id, team, product_id, category, region, channel, true as cancelled
from facts.cancellations
