// The properties of test/properties with more lines than CI has time for: a million generated, as many changed.
process.env.GENERATED_LINES ??= '500000'
process.env.RUNS ??= '100000'
process.env.FUZZ_RUNS ??= '100000'
process.env.MUTATED_LINES ??= '1000000'
await import('../../properties/scanner.test.ts')
await import('../../properties/automaton.test.ts')
await import('../../properties/scanner-fail2ban.test.ts')
