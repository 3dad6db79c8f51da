// Asks Comunica questions about triples in memory: node ask.mjs LIBRARIES DATA.nt QUESTIONS.json ANSWERS.json
// QUESTIONS holds texts by name; ANSWERS gets SPARQL JSON results by name.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const [libraries, data, questions, answers] = process.argv.slice(2);
const require = createRequire(`${libraries}/`);
const { QueryEngine } = require("@comunica/query-sparql-rdfjs");
const { Parser, Store } = require("n3");

const store = new Store(new Parser({ format: "N-Triples" }).parse(readFileSync(data, "utf-8")));
const engine = new QueryEngine();
const found = {};
for (const [name, text] of Object.entries(JSON.parse(readFileSync(questions, "utf-8")))) {
  const result = await engine.query(text, { sources: [store] });
  const { data: stream } = await engine.resultToString(result, "application/sparql-results+json");
  let answer = "";
  for await (const part of stream) answer += part;
  found[name] = JSON.parse(answer);
}
writeFileSync(answers, JSON.stringify(found));
