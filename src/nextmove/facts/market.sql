-- One row a size of the market, in the reporting currency; it belongs to the period that holds its start and is never spread.
-- needs: market.market_size
select period_start as day, region, segment, market_size
from main.market
