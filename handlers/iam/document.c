/*
 * Whether a text is a policy: the grammar of AWS's page "Grammar of the IAM JSON policy language",
 * as far as IAM checks it when a policy is stored. What a policy allows is not computed here.
 *
 * One pass over the JSON. The first problem makes the answer; AWS reports nearly all as "Syntax
 * errors in policy."
 */
#include "handlers/iam/iam_parts.h"
#include "server/base/json_read.h"

enum { DEPTH_MAX = 16, SIDS_MAX = 512 };

static const char SYNTAX[] = "Syntax errors in policy.";
static const char NO_VENDOR[] =
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";

struct check {
    struct arena *arena;
    struct jr r;
    enum iam_document_kind kind;
    const char *problem;
    struct jr_text sids[SIDS_MAX];
    size_t sid_count;
    int64_t values; /* in the list that was read last */
};

/* What a statement was seen to have. */
struct statement {
    bool effect;
    bool actions;
    bool resources;
    bool principals;
};

static bool fail(struct check *c, const char *problem)
{
    if (!c->problem)
        c->problem = problem;
    return false;
}

/* One value or an array of them, each given to `each` (which may be NULL). */
static bool strings(struct check *c, bool (*each)(struct check *c, struct jr_text value))
{
    struct jr_text value;

    c->values = 0;
    if (jr_peek(&c->r) != JR_ARRAY) {
        c->values = 1;
        return (jr_string(&c->r, &value) || fail(c, SYNTAX)) && (!each || each(c, value));
    }
    for (jr_enter_array(&c->r); jr_next_item(&c->r); c->values++)
        if (!jr_string(&c->r, &value) || (each && !each(c, value)))
            return fail(c, SYNTAX);
    return true;
}

static bool check_trust_action(struct check *c, struct jr_text action)
{
    static const char *const allowed[] = {
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
        "sts:GetCallerIdentity",
        "sts:*",
    };

    for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
        if (strlen(allowed[i]) == action.len &&
            strncasecmp(action.data, allowed[i], action.len) == 0)
            return true;
    return fail(c, "AssumeRole policy may only specify STS AssumeRole actions.");
}

/* vendor:action, or *. */
static bool check_action(struct check *c, struct jr_text action)
{
    const char *colon = memchr(action.data, ':', action.len);
    size_t vendor = colon ? (size_t)(colon - action.data) : 0;

    if (jr_text_eq(action, "*"))
        return c->kind == IAM_DOCUMENT_IDENTITY || check_trust_action(c, action);
    if (vendor == 0)
        return fail(c, NO_VENDOR);
    if (memchr(colon + 1, ':', action.len - vendor - 1))
        return fail(c, "Actions/Condition can contain only one colon.");
    for (size_t i = 0; i < vendor; i++) {
        char ch = action.data[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
              ch == '-' || ch == '.'))
            return fail(
                c, arena_printf(c->arena, "Vendor %.*s is not valid", (int)vendor, action.data));
    }
    return c->kind == IAM_DOCUMENT_IDENTITY || check_trust_action(c, action);
}

/* "*", or an ARN of six parts whose parts may be patterns. */
static bool check_resource(struct check *c, struct jr_text resource)
{
    const char *text = arena_strndup(c->arena, resource.data, resource.len);
    int colons = 0;

    if (str_eq(text, "*"))
        return true;
    if (!str_starts(text, "arn:"))
        return fail(c, arena_printf(c->arena, "Resource %s must be in ARN format or \"*\".", text));
    for (const char *p = text; *p; p++)
        colons += *p == ':';
    if (colons < 2)
        return fail(c, "Resource vendor must be fully qualified and cannot contain regexes.");
    return colons >= 5 || strchr(text, '*') || fail(c, "The policy failed legacy parsing");
}

/* "*", or an object of AWS, Service, Federated and CanonicalUser with a text or texts each. */
static bool check_principal(struct check *c)
{
    static const char *const kinds[] = {"AWS", "Service", "Federated", "CanonicalUser"};
    struct jr_text text;
    bool any = false;

    if (jr_peek(&c->r) == JR_STRING)
        return (jr_string(&c->r, &text) && jr_text_eq(text, "*")) || fail(c, SYNTAX);
    if (!jr_enter_object(&c->r))
        return fail(c, SYNTAX);
    while (jr_next_key(&c->r, &text)) {
        bool known = false;

        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
            known = known || jr_text_eq(text, kinds[i]);
        if (!known || !strings(c, NULL))
            return fail(c, SYNTAX);
        any = true;
    }
    return any || fail(c, SYNTAX);
}

static bool is_operator(struct jr_text name)
{
    static const char *const operators[] = {"StringEquals",
                                            "StringNotEquals",
                                            "StringEqualsIgnoreCase",
                                            "StringNotEqualsIgnoreCase",
                                            "StringLike",
                                            "StringNotLike",
                                            "NumericEquals",
                                            "NumericNotEquals",
                                            "NumericLessThan",
                                            "NumericLessThanEquals",
                                            "NumericGreaterThan",
                                            "NumericGreaterThanEquals",
                                            "DateEquals",
                                            "DateNotEquals",
                                            "DateLessThan",
                                            "DateLessThanEquals",
                                            "DateGreaterThan",
                                            "DateGreaterThanEquals",
                                            "Bool",
                                            "BinaryEquals",
                                            "IpAddress",
                                            "NotIpAddress",
                                            "ArnEquals",
                                            "ArnLike",
                                            "ArnNotEquals",
                                            "ArnNotLike",
                                            "Null"};
    static const char *const prefixes[] = {"ForAnyValue:", "ForAllValues:"};
    static const char postfix[] = "IfExists";

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        size_t len = strlen(prefixes[i]);

        if (name.len > len && strncasecmp(name.data, prefixes[i], len) == 0)
            name = (struct jr_text){.data = name.data + len, .len = name.len - len};
    }
    if (name.len > strlen(postfix) &&
        strncasecmp(name.data + name.len - strlen(postfix), postfix, strlen(postfix)) == 0)
        name.len -= strlen(postfix);
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (strlen(operators[i]) == name.len && strncasecmp(name.data, operators[i], name.len) == 0)
            return true;
    return false;
}

/* A scalar or an array of scalars. */
static bool check_condition_value(struct check *c)
{
    enum jr_type type = jr_peek(&c->r);
    struct jr_text ignored;

    if (type == JR_STRING || type == JR_NUMBER || type == JR_TRUE || type == JR_FALSE)
        return jr_skip(&c->r, &ignored);
    if (type != JR_ARRAY)
        return fail(c, SYNTAX);
    for (jr_enter_array(&c->r); jr_next_item(&c->r);) {
        type = jr_peek(&c->r);
        if (type == JR_OBJECT || type == JR_ARRAY || type == JR_NULL || !jr_skip(&c->r, &ignored))
            return fail(c, SYNTAX);
    }
    return true;
}

static bool check_condition(struct check *c)
{
    struct jr_text name;
    struct jr_text key;

    if (!jr_enter_object(&c->r))
        return fail(c, SYNTAX);
    while (jr_next_key(&c->r, &name)) {
        if (!is_operator(name) || !jr_enter_object(&c->r))
            return fail(c, SYNTAX);
        while (jr_next_key(&c->r, &key))
            if (!check_condition_value(c))
                return false;
    }
    return true;
}

static bool check_sid(struct check *c)
{
    struct jr_text sid;

    if (!jr_string(&c->r, &sid))
        return fail(c, SYNTAX);
    for (size_t i = 0; i < sid.len; i++) {
        char ch = sid.data[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9')) &&
            c->kind == IAM_DOCUMENT_IDENTITY)
            return fail(c, "Statement IDs (SID) must be alpha-numeric. Check that your input "
                           "satisfies the regular expression [0-9A-Za-z]*");
    }
    for (size_t i = 0; i < c->sid_count; i++)
        if (sid.len > 0 && sid.len == c->sids[i].len &&
            memcmp(sid.data, c->sids[i].data, sid.len) == 0)
            return fail(c, "Statement IDs (SID) in a single policy must be unique.");
    if (c->sid_count < SIDS_MAX)
        c->sids[c->sid_count++] = sid;
    return true;
}

static bool check_effect(struct check *c)
{
    struct jr_text effect;

    if (!jr_string(&c->r, &effect) || !(jr_text_eq(effect, "Allow") || jr_text_eq(effect, "Deny")))
        return fail(c, SYNTAX);
    return true;
}

/* Each element may stand once, and not beside its Not... */
static bool once(struct check *c, bool *seen)
{
    if (*seen)
        return fail(c, SYNTAX);
    *seen = true;
    return true;
}

static bool check_element(struct check *c, struct jr_text name, struct statement *s)
{
    if (jr_text_eq(name, "Sid"))
        return check_sid(c);
    if (jr_text_eq(name, "Effect"))
        return once(c, &s->effect) && check_effect(c);
    if (jr_text_eq(name, "Action") || jr_text_eq(name, "NotAction"))
        return once(c, &s->actions) && strings(c, check_action) &&
               (c->values > 0 || fail(c, "Policy statement must contain actions."));
    if (jr_text_eq(name, "Resource") || jr_text_eq(name, "NotResource")) {
        if (c->kind == IAM_DOCUMENT_TRUST)
            return fail(c, "Has prohibited field Resource.");
        return once(c, &s->resources) && strings(c, check_resource) &&
               (c->values > 0 || fail(c, "Policy statement must contain resources."));
    }
    if (jr_text_eq(name, "Principal") || jr_text_eq(name, "NotPrincipal")) {
        if (c->kind == IAM_DOCUMENT_IDENTITY)
            return fail(c, "Policy document should not specify a principal.");
        return once(c, &s->principals) && check_principal(c);
    }
    if (jr_text_eq(name, "Condition"))
        return check_condition(c);
    return fail(c, SYNTAX);
}

static bool check_statement(struct check *c)
{
    struct statement s = {0};
    struct jr_text name;

    if (!jr_enter_object(&c->r))
        return fail(c, SYNTAX);
    while (jr_next_key(&c->r, &name))
        if (!check_element(c, name, &s))
            return false;
    if (c->r.error || !s.effect)
        return fail(c, SYNTAX);
    if (!s.actions)
        return fail(c, "Policy statement must contain actions.");
    if (c->kind == IAM_DOCUMENT_IDENTITY && !s.resources)
        return fail(c, "Policy statement must contain resources.");
    if (c->kind == IAM_DOCUMENT_TRUST && !s.principals)
        return fail(c, "Missing required field Principal");
    return true;
}

static bool check_statements(struct check *c)
{
    size_t count = 0;

    if (jr_peek(&c->r) == JR_OBJECT)
        return check_statement(c);
    if (!jr_enter_array(&c->r))
        return fail(c, SYNTAX);
    for (; jr_next_item(&c->r); count++)
        if (!check_statement(c))
            return false;
    return count > 0 || fail(c, SYNTAX);
}

static bool check_version(struct check *c)
{
    struct jr_text version;

    if (!jr_string(&c->r, &version))
        return fail(c, SYNTAX);
    return jr_text_eq(version, "2012-10-17") || jr_text_eq(version, "2008-10-17") ||
           fail(c, SYNTAX);
}

static bool check_top(struct check *c, bool *out_has_statements)
{
    struct jr_text name;
    struct jr_text id;

    if (!jr_enter_object(&c->r))
        return fail(c, SYNTAX);
    while (jr_next_key(&c->r, &name)) {
        if (jr_text_eq(name, "Version")) {
            if (!check_version(c))
                return false;
        } else if (jr_text_eq(name, "Id")) {
            if (!jr_string(&c->r, &id))
                return fail(c, SYNTAX);
        } else if (jr_text_eq(name, "Statement")) {
            *out_has_statements = true;
            if (!check_statements(c))
                return false;
        } else {
            return fail(c, SYNTAX);
        }
    }
    return true;
}

const char *iam_document_problem(struct arena *a, const char *document, enum iam_document_kind kind)
{
    struct check *c = ARENA_NEW(a, struct check);
    bool has_statements = false;

    c->arena = a;
    c->kind = kind;
    jr_init(&c->r, document, strlen(document), a, DEPTH_MAX);
    if (!check_top(c, &has_statements))
        return c->problem ? c->problem : SYNTAX;
    if (!jr_finish(&c->r))
        return "This policy contains invalid Json";
    return has_statements ? NULL : SYNTAX;
}

const char *iam_session_policy_problem(struct arena *a, const char *policy)
{
    return iam_document_problem(a, policy, IAM_DOCUMENT_IDENTITY);
}
