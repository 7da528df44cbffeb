// The properties of test/properties with more steps than CI has time for.
process.env.FOLLOWER_STEPS ??= '100000'
await import('../../properties/follower.test.ts')
await import('../../properties/late-files.test.ts')
