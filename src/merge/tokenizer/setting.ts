/** What a recipe says about the output's tokenizer, after parsing (keys `tokenizer_source`, `tokenizer`). */

export interface TokenizerSetting {
  /** `union`, `base`, or the name of a model. */
  readonly source: string;
  readonly tokens: Readonly<Record<string, TokenSetting>>;
  readonly padToMultipleOf?: number;
  /** False when the recipe says nothing and this is the default. */
  readonly explicit: boolean;
}

export interface TokenSetting {
  readonly source?: TokenSource;
  /** The row is used for every model, also for those that have the token. */
  readonly force: boolean;
}

export type TokenSource =
  | { readonly kind: 'model'; readonly model: string }
  | {
      readonly kind: 'model_token';
      readonly model: string;
      readonly token?: string;
      readonly tokenId?: number;
    }
  | { readonly kind: 'zero' };
