// The seed of a random test: POSTERN_SEED. Under vitest its configuration has set it (treeSeed); elsewhere every run is another.

export function seedOf(environment: NodeJS.ProcessEnv = process.env): number {
  const given = environment["POSTERN_SEED"]
  if (given === undefined || given === "") return Math.floor(Math.random() * 2 ** 31)
  if (!/^-?\d+$/.test(given)) throw new Error(`POSTERN_SEED is no number: ${given}`)
  return Number(given)
}
