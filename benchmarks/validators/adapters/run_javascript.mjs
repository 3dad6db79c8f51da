// Validate by an engine in JavaScript: its name, the folder of its packages, data in N-Triples and
// shapes in Turtle are the arguments, the report goes to stdout as N-Triples.
import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve as absolute } from 'node:path'
import { pathToFileURL } from 'node:url'

const [engine, folder, data, shapes] = process.argv.slice(2)
const { resolve } = createRequire(absolute(folder, 'package.json'))
const load = name => import(pathToFileURL(resolve(name)))
const { DataFactory, Parser, Store, StreamParser, Writer } = await load('n3')

// Each is given the same store, which has indexes, and answers with the quads of its report.
const engines = {
  async 'rdf-validate-shacl' (quads, rules) {
    const { default: Validator } = await load('rdf-validate-shacl')
    const found = await new Validator(rules).validate(quads)
    return found.dataset
  },
  async 'shacl-engine' (quads, rules) {
    const { Validator } = await load('shacl-engine')
    const { validations } = await load('shacl-engine/sparql.js')
    const factory = { ...DataFactory, dataset: made => new Store(made) }
    const found = await new Validator(rules, { factory, validations }).validate({ dataset: quads })
    return found.dataset
  }
}

const quads = new Store()
for await (const quad of createReadStream(data).pipe(new StreamParser({ format: 'N-Triples' }))) {
  quads.addQuad(quad)
}
const rules = new Store(new Parser().parse(readFileSync(shapes, 'utf8')))
const writer = new Writer({ format: 'N-Triples' })
writer.addQuads([...await engines[engine](quads, rules)])
writer.end((error, text) => {
  if (error) throw error
  writeFileSync(process.stdout.fd, text)
})
