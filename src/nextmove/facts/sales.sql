-- One row an order line that makes sales: completed, or returned (negative). `is_purchase` marks the lines that make a customer:
-- completed, with a positive net amount, of a known account.
-- needs: order_lines.net_amount
-- unknown: null
select
    order_id, line_no, ordered_at, day, day_id, week_id, month_id, quarter_id, year_id, fiscal_quarter_id, fiscal_year_id,
    jalali_month_id, jalali_quarter_id, jalali_year_id, account_id, rep_id, team, product_id, category, brand, region, country, channel, segment,
    industry, contact_method, campaign_id, initiative, launched_on, status, quantity, net, currency, own_net, cost, list, unpriced, is_purchase
from facts.lines
where status in ('completed', 'returned')
