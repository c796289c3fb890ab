-- One row a completed order line with a promised delivery day, and whether it came by then, in full.
-- A delivery without a quantity is one in full; what has not come by the end of the promised day is not on time.
-- needs: order_lines.promised_on
select
    order_id, line_no, day, promised_on, account_id, rep_id, team, product_id, category, region,
    coalesce(delivered_on <= promised_on and coalesce(delivered_quantity, quantity) >= quantity, false) as on_time_in_full
from facts.lines
where status = 'completed' and promised_on is not null
