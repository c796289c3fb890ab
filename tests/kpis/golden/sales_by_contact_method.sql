-- by: contact_method
select golden.month(day) as period_start, golden.known(contact_method) as member, sum(net) as value from golden.sales group by grouping sets ((1), (1, 2))
