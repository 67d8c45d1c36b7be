"""Wildcard matcher: for each check a question back, and nearly the code."""

HINTS: dict[str, tuple[str, str]] = {
    "validators_accept_valid_names": (
        "Which characters does the brief forbid, and which others do you forbid?",
        "Split at `.`; a token is fine unless it is empty, holds white space, or misuses a wildcard.",
    ),
    "empty_tokens_are_refused": (
        "What does `'a..b'.split('.')` give, and `'.a'`, and `''`?",
        "`if '' in name.split('.'): raise ValueError(...)`.",
    ),
    "white_space_is_refused": (
        "How many characters does str.isspace() accept?",
        "`if any(character.isspace() for character in token): raise ValueError(...)`.",
    ),
    "wildcards_inside_tokens_are_refused": (
        "What is `order*`: a word, or a mistake?",
        "`if len(token) > 1 and ('*' in token or '>' in token): raise ValueError(...)`.",
    ),
    "tail_wildcard_must_be_last": (
        "Where in the list of tokens may `>` stand?",
        "`if '>' in tokens[:-1]: raise ValueError(...)`.",
    ),
    "topics_hold_no_wildcards": (
        "May a published message go to `orders.*`?",
        "`if '*' in topic or '>' in topic: raise ValueError(...)`, besides the rules for tokens.",
    ),
    "literals_match_themselves_only": (
        "What does zip() do with lists of different lengths?",
        "Compare the lengths once the tail wildcard is out of the way.",
    ),
    "star_is_exactly_one_token": (
        "How many tokens does one `*` use up?",
        "`pattern_token == '*' or pattern_token == topic_token`, position by position.",
    ),
    "tail_is_one_or_more_tokens": (
        "Does `orders.>` hear `orders`?",
        "At `>`: `return len(topic_tokens) > position`.",
    ),
    "other_characters_are_literal": (
        "What do `.`, `+`, `[`, `#` and `?` mean to the function you call?",
        "Compare tokens with ==; if it must be a regular expression, re.escape every token and use fullmatch.",
    ),
    "case_matters": (
        "Which function of yours changes case?",
        "None should: no lower(), no casefold(), and fnmatchcase instead of fnmatch.",
    ),
    "agrees_with_every_small_case": (
        "Take the pair on the card and walk both lists token by token: where do you and the rule part?",
        "for position, token in enumerate(pattern): `>` -> rest not empty; past the end -> False; `*` or equal -> go on; at last compare lengths.",
    ),
    "long_names_are_no_trouble": (
        "How deep does your call stack grow for 10,000 tokens?",
        "A loop over positions instead of a call for each token.",
    ),
    "answers_are_bool": (
        "What is the value of `match and match.group()`?",
        "`return bool(...)`, or a comparison as the last step; parameters named topic and pattern, in this order.",
    ),
    "index_agrees_with_matches": (
        "At one node, how many ways may a topic's token go?",
        "Up to three: the literal child, the `*` child, and the `>` slot, which ends here. Follow all of them.",
    ),
    "pairs_are_counted": (
        "What happens to the second of two equal pairs in a set?",
        "A list of values for each pattern, with one entry for each add.",
    ),
    "remove_takes_one_pair_away": (
        "How many entries does one remove() take away?",
        "Find the first position with `values[i] is value`, `del values[i]`, and prune only what is empty.",
    ),
    "removing_an_absent_pair_is_a_key_error": (
        "What does your remove() do when the walk ends early, or the value is not in the list?",
        "`raise KeyError((pattern, value))` in both cases, before anything was changed; catch the ValueError of validation.",
    ),
    "values_are_compared_by_identity": (
        "What does `value in values` call?",
        "`any(kept is value for kept in values)`; a private sentinel for `nothing here`, never None.",
    ),
    "invalid_names_are_refused_by_the_index": (
        "When does a broken pattern come to light: when it is added, or never?",
        "`validate_pattern(pattern)` first thing in add, `validate_topic(topic)` first thing in match.",
    ),
    "match_returns_a_fresh_list": (
        "Whose list does the caller get?",
        "Build a new list and extend it; never return the one that is stored.",
    ),
    "indexes_share_nothing": (
        "When is your root node made?",
        "In `__init__`.",
    ),
    "random_operations_agree_with_the_model": (
        "Which of your data is not brought up to date by remove()?",
        "One truth: the tree. A length or a cache beside it has to be changed in the same method.",
    ),
    "other_prefixes_cost_nothing": (
        "How many patterns does your match() look at for one topic?",
        "A tree keyed by tokens: only children named by the topic's token, `*` and `>` are ever visited.",
    ),
    "cost_grows_only_with_the_topic": (
        "For a topic of n tokens, how many combinations do you try?",
        "Keep the set of nodes reached after each token; never enumerate patterns.",
    ),
    "fresh_topics_are_no_cheaper": (
        "What does your cache do for a topic nobody has asked for?",
        "Leave the cache out; the walk itself is cheap.",
    ),
    "removing_everything_leaves_nothing": (
        "Which nodes are left when the last value has gone?",
        "Remember the path; from its end, delete every node without values and children from its parent.",
    ),
    "a_refused_add_leaves_nothing": (
        "What had add() already built when it raised?",
        "Validate the whole pattern before the first node is made.",
    ),
    "deep_patterns_are_no_trouble": (
        "Which of your methods calls itself?",
        "Loops with a list of visited nodes, for walking and for pruning.",
    ),
}  # fmt: skip
