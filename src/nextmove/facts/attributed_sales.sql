-- One row a sale that a campaign may claim: its own campaign, else that of the account's leads created by the order: the oldest that has one
-- (first touch), the newest (last touch). `channel` is the campaign's.
-- needs: order_lines.net_amount
-- keep: view
with touches as (
    select
        sale.day, sale.order_id, sale.line_no, lead.campaign_id,
        row_number() over (partition by sale.day, sale.order_id, sale.line_no order by lead.created_at, lead.lead_id) as first_place,
        row_number() over (partition by sale.day, sale.order_id, sale.line_no order by lead.created_at desc, lead.lead_id desc) as last_place
    from facts.sales as sale
    join main.leads as lead on lead.account_id = sale.account_id and lead.created_at <= sale.ordered_at
    where sale.campaign_id is null and lead.campaign_id is not null
),
ends as (
    select
        day, order_id, line_no,
        max(case when first_place = 1 then campaign_id end) as first_campaign_id,
        max(case when last_place = 1 then campaign_id end) as last_campaign_id
    from touches
    where first_place = 1 or last_place = 1
    group by day, order_id, line_no
)
select
    sale.day, sale.account_id, sale.rep_id, sale.net, sale.cost, sale.unpriced,
    coalesce(sale.campaign_id, ends.first_campaign_id) as campaign_id,
    first_campaign.channel,
    coalesce(sale.campaign_id, ends.last_campaign_id) as last_campaign_id,
    last_campaign.channel as last_channel
from facts.sales as sale
left join ends on ends.day = sale.day and ends.order_id = sale.order_id and ends.line_no = sale.line_no -- by day too, so that only the days asked are read
left join main.campaigns as first_campaign on first_campaign.campaign_id = coalesce(sale.campaign_id, ends.first_campaign_id)
left join main.campaigns as last_campaign on last_campaign.campaign_id = coalesce(sale.campaign_id, ends.last_campaign_id)
where sale.campaign_id is not null or ends.first_campaign_id is not null
