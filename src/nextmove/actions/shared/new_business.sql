-- One row: what new business is worth. An average deal won in the last year, else an average customer's year.
with won as (
    select avg(cast(amount as double)) as money from main.opportunities
    where status = 'won' and amount > 0 and cast(closed_at as date) > {as_of} - 365
        and (currency is null or currency = {reporting_currency})
),
customer as (
    select avg(yearly_net) as money from acting.habits where yearly_net > 0
)
select coalesce(won.money, customer.money, 0) as money, coalesce(won.money, customer.money, 0) * cast(margin.rate as double) as profit
from won
cross join customer
cross join acting.margin as margin
