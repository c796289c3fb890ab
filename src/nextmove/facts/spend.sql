-- One row a booking of money spent, in the reporting currency at the rate of its day. Its channel is its own, not its campaign's.
-- needs: spend.amount
select
    spent.spend_id,
    spent.spent_on as day,
    spent.department,
    spent.channel,
    spent.campaign_id,
    spent.amount * case when spent.currency is null or spent.currency = :reporting_currency then cast(1 as decimal(20, 8)) else rates.rate end as amount,
    case when spent.currency <> :reporting_currency and rates.rate is null then spent.currency end as unpriced
from main.spend as spent
left join facts.daily_rates as rates on rates.currency = spent.currency and rates.day = spent.spent_on
