// test/capture/fuzz.test.ts with more mutations than CI has time for, and another seed each time.
process.env.FUZZ_RUNS ??= '10000000'
process.env.FUZZ_SEED ??= String(Date.now() % 1_000_000_007)
await import('../../capture/fuzz.test.ts')
