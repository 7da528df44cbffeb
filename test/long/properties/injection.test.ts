// The property of test/properties with more lines than CI has time for.
process.env.INJECTION_LINES ??= '1000000'
await import('../../properties/injection.test.ts')
