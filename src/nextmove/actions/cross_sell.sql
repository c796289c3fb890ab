-- One row a customer and product never bought. The score only orders; the probability is how many of its own kind of customers buy the
-- product, so that no list promises more than peers keep. Dismissed, a suggestion rests until the next year.
with peers as (
    select coalesce(account.segment, '') as segment, count(*) as peers
    from acting.habits as habit
    join main.accounts as account on account.account_id = habit.account_id
    group by coalesce(account.segment, '')
),
buying as (
    select coalesce(account.segment, '') as segment, item.product_id, count(*) as peers_buying
    from acting.items as item
    join main.accounts as account on account.account_id = item.account_id
    group by coalesce(account.segment, ''), item.product_id
),
worth as (
    select product_id, quantile_cont(yearly_profit, 0.5) as yearly_profit, quantile_cont(yearly_net, 0.5) as yearly_net
    from acting.items
    where yearly_net > 0
    group by product_id
),
suggested as (
    select
        prediction.account_id,
        prediction.product_id,
        prediction.score,
        worth.yearly_profit,
        worth.yearly_net,
        account.segment,
        buying.peers_buying,
        peers.peers,
        habit.last_purchase_on,
        row_number() over (partition by prediction.account_id order by prediction.score desc, prediction.product_id) as place
    from predictions.cross_sell as prediction
    join acting.habits as habit on habit.account_id = prediction.account_id
    join worth on worth.product_id = prediction.product_id
    join main.accounts as account on account.account_id = prediction.account_id
    join peers on peers.segment = coalesce(account.segment, '')
    left join buying on buying.segment = coalesce(account.segment, '') and buying.product_id = prediction.product_id
    left join acting.items as own on own.account_id = prediction.account_id and own.product_id = prediction.product_id
    where habit.purchase_days >= {min_purchase_days}
        and habit.quiet_days <= {patience} * habit.usual_gap_days
        and own.product_id is null
)
select
    account_id,
    product_id,
    {year} as episode,
    yearly_profit * {horizon_days} / 365 as at_stake,
    (coalesce(peers_buying, 0) + 1.0) / (peers + 10.0) as probability,
    last_purchase_on,
    case when peers_buying >= 3 then peers_buying end as peers_buying,
    peers,
    segment,
    yearly_net as buyer_money
from suggested
where place <= {most_per_customer}
