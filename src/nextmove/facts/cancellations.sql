-- One row a cancelled order line, on the day it was ordered.
-- needs: order_lines.net_amount
select
    order_id, line_no, day, account_id, rep_id, team, product_id, category, brand, region, country, channel, segment, industry,
    contact_method, campaign_id, initiative, cancel_reason, quantity, net, unpriced
from facts.lines
where status = 'cancelled'
