// Grafana's types name some words as enumerations of TypeScript; a file has the words themselves.
export type Written<T> = T extends string
  ? `${T}`
  : T extends (infer E)[]
    ? Written<E>[]
    : T extends object
      ? { [K in keyof T]: Written<T[K]> }
      : T;
