-- One row an order line of any status, on its local day, with its dimensions and its money in the reporting currency.
-- Rep, region and channel are the line's own, else its account's; the initiative is the line's, else the product's, else the
-- campaign's. Cost is the line's own, else quantity × the product's unit cost; a line with neither has no cost, never zero
-- cost. The ids of its periods stand beside the day, so that no question has to look them up. A line without a rate of exchange has no money, and `unpriced` names its currency.
-- `currency` and `own_net` (the amount in it) stand where it is another than the reporting currency.
-- needs: order_lines.net_amount
-- keep: view
-- unknown: null
select
    line.order_id,
    line.line_no,
    line.ordered_at,
    line.day,
    local.day_id,
    local.week_id,
    local.month_id,
    local.quarter_id,
    local.year_id,
    local.fiscal_quarter_id,
    local.fiscal_year_id,
    local.jalali_month_id,
    local.jalali_quarter_id,
    local.jalali_year_id,
    line.account_id,
    nullif(coalesce(line.rep_id, account.rep_id), '(unknown)') as rep_id,
    nullif(rep.team, '(unknown)') as team,
    nullif(line.product_id, '(unknown)') as product_id,
    nullif(product.category, '(unknown)') as category,
    nullif(product.brand, '(unknown)') as brand,
    nullif(coalesce(line.region, account.region), '(unknown)') as region,
    nullif(account.country, '(unknown)') as country,
    nullif(coalesce(line.channel, account.channel), '(unknown)') as channel,
    nullif(account.segment, '(unknown)') as segment,
    nullif(account.industry, '(unknown)') as industry,
    nullif(line.contact_method, '(unknown)') as contact_method,
    nullif(line.campaign_id, '(unknown)') as campaign_id,
    nullif(coalesce(line.initiative, product.initiative, campaign.initiative), '(unknown)') as initiative,
    product.launched_on,
    line.status,
    line.cancel_reason,
    line.quantity,
    line.net_amount * line.rate as net,
    line.currency,
    case when line.currency is not null then line.net_amount end as own_net,
    coalesce(
        cast(line.cost_amount * line.rate as decimal(38, 12)), cast(cast(line.quantity as decimal(20, 4)) * product.unit_cost as decimal(38, 12))
    ) as cost,
    line.list_amount * line.rate as list,
    line.unpriced,
    line.status = 'completed' and line.net_amount > 0 and line.account_id is not null as is_purchase,
    line.opportunity_id,
    line.promised_on,
    line.delivered_on,
    line.delivered_quantity
from (
    select
        dated.*,
        case when dated.currency is null then cast(1 as decimal(20, 8)) else rates.rate end as rate,
        case when rates.rate is null then dated.currency end as unpriced
    from (
        select
            raw.order_id, raw.line_no, raw.ordered_at, raw.account_id, raw.rep_id, raw.product_id, raw.channel, raw.region,
            raw.contact_method, raw.quantity, raw.net_amount, raw.cost_amount, raw.list_amount, nullif(raw.currency, :reporting_currency) as currency,
            coalesce(raw.status, 'completed') as status, raw.cancel_reason, raw.initiative, raw.campaign_id, raw.opportunity_id,
            raw.promised_on, raw.delivered_on, raw.delivered_quantity,
            case when raw.ordered_at >= calendar.turns_at then calendar.local_day_after else calendar.local_day end as day
        from main.order_lines as raw
        join main.calendar as calendar on calendar.day = cast(raw.ordered_at as date)
    ) as dated
    left join facts.daily_rates as rates on rates.currency = dated.currency and rates.day = dated.day
) as line
join main.calendar as local on local.day = line.day
left join main.accounts as account on account.account_id = line.account_id
left join main.products as product on product.product_id = line.product_id
left join main.reps as rep on rep.rep_id = coalesce(line.rep_id, account.rep_id)
left join main.campaigns as campaign on campaign.campaign_id = line.campaign_id
