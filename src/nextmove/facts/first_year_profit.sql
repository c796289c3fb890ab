-- One row a sale in the first twelve months of a customer, dated by the day on which it became one, with its gross profit. The sale's own
-- day is `sold_on`; channel and campaign are the customer's.
-- needs: order_lines.account_id
-- keep: view
select
    customer.account_id, customer.day, sale.day as sold_on, customer.channel, customer.campaign_id,
    sale.net - sale.cost as profit, sale.unpriced
from facts.purchase_ends as customer
join facts.sales as sale
    on sale.account_id = customer.account_id
    and sale.day >= customer.day
    and sale.day < cast(customer.day + interval '12 months' as date)
where customer.opens_day and customer.previous_day is null and sale.cost is not null
