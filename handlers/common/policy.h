/*
 * Policies of AWS as an engine: reads a document of the IAM policy language, and says whether it
 * allows or denies what somebody wants to do. It knows no service: the caller names action,
 * resource and principal and answers for the condition keys.
 *
 * The grammar is that of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html, the evaluation
 * that of .../reference_policies_elements_condition_operators.html and
 * .../reference_policies_multi-value-conditions.html. A service that puts limits of its own on what
 * a document may say (its actions, its resources, whether principals are wanted) walks the parsed
 * statements.
 *
 * Everything lies in the arena and is constant once parsed. Thread-safe.
 */
#ifndef CADABRA_POLICY_H
#define CADABRA_POLICY_H

#include "server/base/arena.h"

/* --- a document --- */

struct policy_texts {
    const char **items;
    size_t count;
};

enum policy_principal_type {
    POLICY_ANYBODY,   /* "*", alone or as the value of "AWS" */
    POLICY_AWS,       /* account id or ARN */
    POLICY_SERVICE,   /* sns.amazonaws.com */
    POLICY_FEDERATED, /* an identity provider */
    POLICY_CANONICAL, /* S3's id of an account */
};

struct policy_principal {
    enum policy_principal_type type;
    const char *value; /* "*" for POLICY_ANYBODY */
};

enum policy_compare {
    POLICY_STRING_EQUALS,
    POLICY_STRING_EQUALS_IGNORE_CASE,
    POLICY_STRING_LIKE,
    POLICY_NUMERIC_EQUALS,
    POLICY_NUMERIC_LESS,
    POLICY_NUMERIC_LESS_EQUALS,
    POLICY_NUMERIC_GREATER,
    POLICY_NUMERIC_GREATER_EQUALS,
    POLICY_DATE_EQUALS,
    POLICY_DATE_LESS,
    POLICY_DATE_LESS_EQUALS,
    POLICY_DATE_GREATER,
    POLICY_DATE_GREATER_EQUALS,
    POLICY_BOOL,
    POLICY_BINARY_EQUALS,
    POLICY_IP_ADDRESS,
    POLICY_ARN_LIKE, /* AWS: ArnEquals is the same */
    POLICY_NULL,
};

enum policy_quantifier { POLICY_PLAIN, POLICY_FOR_ANY_VALUE, POLICY_FOR_ALL_VALUES };

/* One key of one operator. */
struct policy_condition {
    enum policy_compare compare;
    enum policy_quantifier quantifier;
    bool negated;   /* StringNotEquals, ... */
    bool if_exists; /* ...IfExists */
    const char *key;
    struct policy_texts values;
};

struct policy_statement {
    const char *sid; /* NULL: none */
    bool allow;
    struct policy_principal *principals;
    size_t principal_count; /* 0: the statement has no element of that name */
    bool not_principal;
    struct policy_texts actions;
    bool not_action;
    struct policy_texts resources; /* count 0: no such element */
    bool not_resource;
    struct policy_condition *conditions;
    size_t condition_count;
};

struct policy {
    bool variables; /* version 2012-10-17: ${...} stand for something */
    const char *id; /* NULL: none */
    struct policy_statement *statements;
    size_t statement_count;
};

/* NULL when the text is no policy; out_problem then says why, in words for users ("This policy
 * contains invalid Json", "Missing required field Effect", ...). Principals and resources may be
 * missing: who needs them looks. */
const struct policy *policy_parse(struct arena *a, const void *text, size_t len,
                                  const char **out_problem);

/* --- a question --- */

/* Who asks. Texts that do not apply are NULL. All NULL: nobody, an unsigned request. */
struct policy_caller {
    const char *account;      /* 12 digits */
    const char *arn;          /* arn:aws:iam::1:root, :user/x, or arn:aws:sts::1:assumed-role/r/s */
    const char *role_arn;     /* of a session: its role's */
    const char *service;      /* an AWS service that acts by itself */
    const char *canonical_id; /* S3's id of the account */
};

/* The values of a condition key in this request. */
struct policy_values {
    const char *const *items;
    size_t count;
};

struct policy_question {
    const struct policy_caller *caller; /* NULL: the policy belongs to whoever asks */
    const char *action;                 /* s3:GetObject */
    const char *resource;               /* an ARN */
    /* The values of a condition key, which is compared without case; false where the request has
     * none. Called when a policy mentions the key, maybe several times. */
    bool (*find)(void *context, const char *key, struct policy_values *out);
    void *context;
};

enum policy_verdict {
    POLICY_SILENT, /* no statement applies: what that means is for the caller to say */
    POLICY_ALLOW,
    POLICY_DENY, /* wins over any allow */
};

enum policy_verdict policy_evaluate(const struct policy *p, const struct policy_question *q);

/* True when it lets anybody in, as S3's Block Public Access counts: an Allow for everybody that no
 * condition restricts to fixed networks, accounts or sources.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
bool policy_is_public(const struct policy *p);

/* '*' stands for any characters, '?' for one. */
bool policy_glob(const char *pattern, const char *text, bool fold_case);

/* --- the parts, for policy*.c only --- */

enum policy_match_flags {
    POLICY_FOLD = 1 /* without case */,
    POLICY_EXACT = 2 /* nothing is wild */
};
/* Whether the text is what the pattern says. ${variables} in it are replaced; what they bring
 * stands for itself. */
bool policy_match_text(const struct policy *p, const struct policy_question *q, const char *pattern,
                       const char *text, unsigned flags);
bool policy_condition_holds(const struct policy *p, const struct policy_question *q,
                            const struct policy_condition *c);
/* Reads an operator's name with its prefix and suffix; false when there is none of that name. */
bool policy_read_operator(const char *name, size_t len, struct policy_condition *out);
/* 10.0.0.0/8 or one address, of either family; false when it is none. out holds the address as 16
 * bytes. */
bool policy_read_network(const char *text, uint8_t out[16], int *out_bits, bool *out_v6);

#endif
