-- One row a product that has a unit cost.
-- needs: products.unit_cost
-- keep: view
select product_id, unit_cost from main.products where unit_cost is not null
