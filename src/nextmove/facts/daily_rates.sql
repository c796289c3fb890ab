-- One row a currency and day: what one unit of it was worth in the reporting currency, by the latest rate given until then.
-- needs: exchange_rates.rate
select given.currency, calendar.day, given.rate
from (
    select currency, day, rate, lead(day) over (partition by currency order by day) as until
    from main.exchange_rates
) as given
join main.calendar as calendar on calendar.day >= given.day and (calendar.day < given.until or given.until is null)
