-- The company's gross margin of the last year, on lines whose cost is known: what a line without a cost is taken to earn.
-- Without any cost in the data everything is told in net sales (a margin of 1).
-- (`greatest` passes over nulls: without the case a company that knows no cost would earn one percent.)
select cast(case when sum(net) > 0 then least(greatest(1 - sum(cost) / sum(net), 0.01), 1) else 1 end as decimal(9, 6)) as rate
from facts.sales
where cost is not null and day > {as_of} - 365 and day <= {as_of}
