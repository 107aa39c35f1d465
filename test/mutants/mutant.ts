/**
 * What a mutant is: a mistake that a firmware engineer makes, as a small change of the sources. A check that lets one
 * live does not look where it says that it looks.
 */

/** A piece of a file that occurs exactly once in it, and what stands there in its place. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

interface Description {
  /** In kebab case, unique. */
  readonly name: string;
  /** Who wrote it: `a` had not looked at the checks that hunt it, `b` had. */
  readonly author: 'a' | 'b';
  /** What goes wrong, and when. */
  readonly harm: string;
  /** Events that lead to the harm, where it takes more than running into it. */
  readonly sequence?: string;
  /** `coldframe demo`, a job without faults, runs and gives a wrong verdict: a cheap one. */
  readonly foundByDemo?: true;
}

/** One edit, or several that belong together. */
export type Mutant = Description & (Edit | { readonly edits: readonly Edit[] });

export function editsOf(mutant: Mutant): readonly Edit[] {
  return 'edits' in mutant ? mutant.edits : [mutant];
}
