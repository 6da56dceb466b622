/** How providers and servers say that a request is too long, in lower case: there is no code that all of them use. */
export const OVERFLOW: readonly RegExp[] = [
  /context_length_exceeded/, /string_above_max_length/, /exceed_context_size/, /request_too_large/,
  // OpenAI and those that speak like it (vLLM, DeepSeek, Together)
  /maximum context length/, /exceeds? the (?:model's )?context window/, /context window (?:is )?(?:full|exceeded)/, /reduce the length of the (?:input )?(?:messages|prompt)/,
  // Anthropic
  /prompt is too long/, /exceed context limit/, /input is too long/,
  // vLLM, SGLang
  /longer than the (?:maximum model length|model'?s? (?:maximum )?context length)/, /maximum model length/, /input length .* exceeds/, /exceeds? (?:the )?(?:model'?s? )?max(?:imum)? (?:context|sequence|prompt|input)? ?(?:length|size|len)/,
  // llama.cpp, LM Studio, Ollama
  /exceeds? (?:the )?available context size/, /context size has been exceeded/, /context (?:the )?overflows?/, /exceeds? (?:the )?(?:maximum )?context length/, /greater than the context length/, /slot context/,
  // Gemini, Mistral, xAI, text-generation-inference, Bedrock
  /input token count .* exceeds/, /too large for model with \d+ maximum context/, /maximum prompt length/, /`inputs` tokens \+ `max_new_tokens`/, /inputs? must have less than \d+ tokens/, /too many (?:input )?tokens/,
]

/** With status 429: waiting does not help a request that is larger than what a minute allows. */
export const TOO_LARGE_FOR_A_MINUTE: readonly RegExp[] = [/request too large/, /input or output tokens must be reduced/, /reduce your message size/]
