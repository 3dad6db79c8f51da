"""Pooling in SPARQL: the response to each class of therapy in one query, with an interval and the heterogeneity.

Run from anywhere: ``python examples/pooling_in_sparql.py``. Cohorts that share patients with another are left out, so
that nobody is counted twice; what is pooled is told.
"""

import cd22kg

QUERY = """
SELECT ?group (COUNT(?claim) AS ?cohorts) (SUM(?events) AS ?responses) (SUM(?total) AS ?patients)
  (stat:pooled(stat:counts(?events, ?total)) AS ?pooled)
  (stat:pooledLow(stat:counts(?events, ?total)) AS ?low) (stat:pooledHigh(stat:counts(?events, ?total)) AS ?high)
  (stat:i2(stat:counts(?events, ?total)) AS ?i2)
WHERE {
  ?claim a cd22:ResultClaim ; cd22:outcome outcome:cr ; cd22:therapy ?therapy ; cd22:cohort ?cohort ;
    cd22:measurement ?measurement .
  ?measurement cd22:events ?events ; cd22:total ?total ; cd22:countedUnit counted-unit:patient .
  ?therapy cd22:therapyGroup ?group .
  FILTER NOT EXISTS { ?cohort cd22:overlaps | ^cd22:overlaps | cd22:subsetOf | ^cd22:subsetOf ?other }
}
GROUP BY ?group
ORDER BY ?group
"""

with cd22kg.load() as kg:
    print(kg.sparql(QUERY))
