/** Says why a regex can't be made into an automaton. */
export class InexpressibleError extends Error {}
