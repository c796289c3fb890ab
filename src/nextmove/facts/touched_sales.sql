-- One row a sale and campaign that touched it, with the share that linear attribution gives it: all to the sale's own campaign, else
-- equal parts to the campaigns of the account's leads created by the order (each lead a touch).
-- needs: order_lines.net_amount
-- keep: view
select
    touch.day, touch.account_id, touch.rep_id, touch.net, touch.cost, touch.unpriced, touch.campaign_id, campaign.channel,
    cast(1 as double) / touch.touches as share
from (
    select sale.day, sale.account_id, sale.rep_id, sale.net, sale.cost, sale.unpriced, sale.campaign_id, 1 as touches
    from facts.sales as sale
    where sale.campaign_id is not null
    union all
    select
        sale.day, sale.account_id, sale.rep_id, sale.net, sale.cost, sale.unpriced, lead.campaign_id,
        count(*) over (partition by sale.order_id, sale.line_no) as touches
    from facts.sales as sale
    join main.leads as lead on lead.account_id = sale.account_id and lead.created_at <= sale.ordered_at
    where sale.campaign_id is null and lead.campaign_id is not null
) as touch
left join main.campaigns as campaign on campaign.campaign_id = touch.campaign_id
