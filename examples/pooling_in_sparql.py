"""Pooling in SPARQL: the response to each class of therapy in one query, with an interval and the heterogeneity.

Run from anywhere: ``python examples/pooling_in_sparql.py``. Cohorts that share patients with another are left out, and
of a cohort one figure is taken, the first of those with most patients, so that nobody is counted twice. Diseases are
mixed: this shows how pooling is written, not what to conclude.
"""

import cd22kg

QUERY = """
SELECT ?group (COUNT(?cohort) AS ?cohorts) (SUM(?events) AS ?responses) (SUM(?total) AS ?patients)
  (stat:pooled(stat:counts(?events, ?total)) AS ?pooled)
  (stat:pooledLow(stat:counts(?events, ?total)) AS ?low) (stat:pooledHigh(stat:counts(?events, ?total)) AS ?high)
  (stat:i2(stat:counts(?events, ?total)) AS ?i2)
WHERE {
  ?claim a cd22:ResultClaim ; cd22:outcome outcome:cr ; cd22:therapy ?therapy ; cd22:cohort ?cohort ;
    cd22:measurement ?measurement .
  ?measurement cd22:events ?events ; cd22:total ?total ; cd22:countedUnit counted-unit:patient .
  ?therapy cd22:therapyGroup ?group .
  FILTER NOT EXISTS { ?cohort cd22:overlaps | ^cd22:overlaps | cd22:subsetOf | ^cd22:subsetOf ?other }
  FILTER NOT EXISTS {
    ?another a cd22:ResultClaim ; cd22:outcome outcome:cr ; cd22:cohort ?cohort ; cd22:measurement ?there .
    ?there cd22:events ?eventsThere ; cd22:total ?totalThere ; cd22:countedUnit counted-unit:patient .
    FILTER(?totalThere > ?total || ?totalThere = ?total && STR(?another) < STR(?claim))
  }
}
GROUP BY ?group
ORDER BY ?group
"""

with cd22kg.load() as kg:
    for row in kg.sparql(QUERY):
        group = row["group"].rpartition("/")[2]
        shares = [round(100 * float(row[name])) for name in ("pooled", "low", "high")]
        i2 = "" if row["i2"] is None else f", I2 {float(row['i2']):.0f} %"
        print(f"{group}: {row['responses']} of {row['patients']} patients (cohorts: {row['cohorts']}), "
              f"pooled {shares[0]} % ({shares[1]} to {shares[2]}){i2}")  # fmt: skip
