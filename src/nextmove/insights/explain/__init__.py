"""Why did it change? Exact arithmetic first, a search second, words last.

exact.py       parts that add up to the change to the cent
rates.py       a ratio's change into rate effect and mix effect; a sum's into working days and pace
tree.py        a product of factors (customers × orders × value) into what each did
bridge.py      sales and profit into price, volume, mix, new, returning and lost customers, exchange rate, cost
root_cause.py  the smallest set of segments that explains the rest
"""
