/*
 * Whether a text is a policy: the grammar of AWS's page "Grammar of the IAM JSON policy language",
 * as far as IAM checks it when a policy is stored. What a policy allows is not computed here.
 *
 * One pass over the JSON. A wrong form ends it: "Syntax errors in policy." Everything else that is
 * wrong is noted while reading goes on, because AWS checks the whole document for one kind of
 * problem after the other: the problem of the earliest kind makes the answer, of two of a kind the
 * first.
 */
#include "handlers/iam/iam_parts.h"
#include "server/base/json_read.h"

enum { DEPTH_MAX = 16, SIDS_MAX = 512 };

/* The kinds of problems in the order in which AWS looks for them. */
enum problem_kind {
    PROBLEM_SYNTAX,
    PROBLEM_VERSION,
    PROBLEM_LEGACY,
    PROBLEM_SID,
    PROBLEM_NO_ACTION,
    PROBLEM_RESOURCE,
    PROBLEM_ACTION,
    PROBLEM_ELEMENT,
};

static const char SYNTAX[] = "Syntax errors in policy.";
static const char LEGACY[] = "The policy failed legacy parsing";
static const char NO_VENDOR[] =
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";

struct check {
    struct arena *arena;
    struct jr r;
    enum iam_document_kind kind;
    const char *problem;
    enum problem_kind problem_kind;
    struct jr_text sids[SIDS_MAX];
    size_t sid_count;
    int64_t values; /* in the list that was read last */
};

/* What a statement was seen to have. */
struct statement {
    bool effect;
    bool actions;
    bool has_actions; /* at least one */
    bool resources;
    bool has_resources;
    bool principals;
};

static bool fail(struct check *c, const char *problem)
{
    c->problem = problem;
    c->problem_kind = PROBLEM_SYNTAX;
    return false;
}

static void note(struct check *c, enum problem_kind kind, const char *problem)
{
    if (c->problem && c->problem_kind <= kind)
        return;
    c->problem = problem;
    c->problem_kind = kind;
}

/* One value or an array of them, each given to `each` (which may be NULL). */
static bool strings(struct check *c, void (*each)(struct check *c, struct jr_text value))
{
    struct jr_text value;

    c->values = 0;
    if (jr_peek(&c->r) != JR_ARRAY) {
        c->values = 1;
        if (!jr_string(&c->r, &value))
            return fail(c, SYNTAX);
        if (each)
            each(c, value);
        return true;
    }
    for (jr_enter_array(&c->r); jr_next_item(&c->r); c->values++) {
        if (!jr_string(&c->r, &value))
            return fail(c, SYNTAX);
        if (each)
            each(c, value);
    }
    return true;
}

static void check_trust_action(struct check *c, struct jr_text action)
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
            return;
    note(c, PROBLEM_ACTION, "AssumeRole policy may only specify STS AssumeRole actions.");
}

static bool is_vendor_char(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           ch == '-' || ch == '.';
}

/* vendor:action, or *. */
static void check_action(struct check *c, struct jr_text action)
{
    const char *colon = memchr(action.data, ':', action.len);
    size_t vendor = colon ? (size_t)(colon - action.data) : 0;
    bool any = jr_text_eq(action, "*");

    if (!any && vendor == 0)
        return note(c, PROBLEM_ACTION, NO_VENDOR);
    if (!any && memchr(colon + 1, ':', action.len - vendor - 1))
        return note(c, PROBLEM_ACTION, "Actions/Condition can contain only one colon.");
    for (size_t i = 0; i < vendor; i++)
        if (!is_vendor_char(action.data[i]))
            return note(
                c, PROBLEM_ACTION,
                arena_printf(c->arena, "Vendor %.*s is not valid", (int)vendor, action.data));
    if (c->kind == IAM_DOCUMENT_TRUST)
        check_trust_action(c, action);
}

static void check_resource(struct check *c, struct jr_text resource)
{
    bool legacy;
    const char *problem = iam_resource_problem(
        c->arena, arena_strndup(c->arena, resource.data, resource.len), &legacy);

    if (problem)
        note(c, PROBLEM_RESOURCE, problem);
    else if (legacy)
        note(c, PROBLEM_LEGACY, LEGACY);
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

static bool check_condition_value(struct check *c, bool date)
{
    enum jr_type type = jr_peek(&c->r);
    struct jr_text value;

    if (type == JR_STRING) {
        if (!jr_string(&c->r, &value))
            return fail(c, SYNTAX);
        if (date && !iam_is_date(arena_strndup(c->arena, value.data, value.len)))
            note(c, PROBLEM_LEGACY, LEGACY);
        return true;
    }
    return ((type == JR_NUMBER || type == JR_TRUE || type == JR_FALSE) && jr_skip(&c->r, &value)) ||
           fail(c, SYNTAX);
}

/* A scalar or an array of scalars. */
static bool check_condition_values(struct check *c, bool date)
{
    if (jr_peek(&c->r) != JR_ARRAY)
        return check_condition_value(c, date);
    for (jr_enter_array(&c->r); jr_next_item(&c->r);)
        if (!check_condition_value(c, date))
            return false;
    return true;
}

static struct jr_text without_quantifier(struct jr_text name)
{
    static const char *const prefixes[] = {"ForAnyValue:", "ForAllValues:"};

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        size_t len = strlen(prefixes[i]);

        if (name.len > len && strncasecmp(name.data, prefixes[i], len) == 0)
            return (struct jr_text){.data = name.data + len, .len = name.len - len};
    }
    return name;
}

static bool check_condition(struct check *c)
{
    struct jr_text name;
    struct jr_text key;

    if (!jr_enter_object(&c->r))
        return fail(c, SYNTAX);
    while (jr_next_key(&c->r, &name)) {
        struct jr_text op = without_quantifier(name);
        bool known = iam_is_operator(op.data, op.len);
        bool date = op.len > 4 && strncasecmp(op.data, "Date", 4) == 0;

        if (!jr_enter_object(&c->r))
            return fail(c, SYNTAX);
        /* AWS: an operator that is none passes as long as it compares nothing. */
        while (jr_next_key(&c->r, &key))
            if (!known || !check_condition_values(c, date))
                return fail(c, SYNTAX);
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
            c->kind != IAM_DOCUMENT_TRUST)
            note(c, PROBLEM_SID,
                 "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
                 "regular expression [0-9A-Za-z]*");
    }
    for (size_t i = 0; i < c->sid_count; i++)
        if (sid.len > 0 && sid.len == c->sids[i].len &&
            memcmp(sid.data, c->sids[i].data, sid.len) == 0)
            note(c, PROBLEM_SID, "Statement IDs (SID) in a single policy must be unique.");
    if (c->sid_count < SIDS_MAX)
        c->sids[c->sid_count++] = sid;
    return true;
}

static bool check_effect(struct check *c)
{
    struct jr_text effect;
    const char *text;

    if (!jr_string(&c->r, &effect))
        return fail(c, SYNTAX);
    text = arena_strndup(c->arena, effect.data, effect.len);
    if (strcasecmp(text, "Allow") != 0 && strcasecmp(text, "Deny") != 0)
        return fail(c, SYNTAX);
    if (!str_eq(text, "Allow") && !str_eq(text, "Deny"))
        note(c, PROBLEM_LEGACY, LEGACY);
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
    if (jr_text_eq(name, "Action") || jr_text_eq(name, "NotAction")) {
        if (!once(c, &s->actions) || !strings(c, check_action))
            return false;
        s->has_actions = c->values > 0;
        return true;
    }
    if (jr_text_eq(name, "Resource") || jr_text_eq(name, "NotResource")) {
        if (!once(c, &s->resources) || !strings(c, check_resource))
            return false;
        s->has_resources = c->values > 0;
        return true;
    }
    if (jr_text_eq(name, "Principal") || jr_text_eq(name, "NotPrincipal"))
        return once(c, &s->principals) && check_principal(c);
    if (jr_text_eq(name, "Condition"))
        return check_condition(c);
    return fail(c, SYNTAX);
}

static bool check_statement(struct check *c)
{
    bool trust = c->kind == IAM_DOCUMENT_TRUST;
    struct statement s = {0};
    struct jr_text name;

    if (!jr_enter_object(&c->r))
        return fail(c, SYNTAX);
    while (jr_next_key(&c->r, &name))
        if (!check_element(c, name, &s))
            return false;
    if (c->r.error || !s.effect)
        return fail(c, SYNTAX);
    if (!s.has_actions)
        note(c, PROBLEM_NO_ACTION, "Policy statement must contain actions.");
    if (!trust && !s.has_resources)
        note(c, PROBLEM_ELEMENT, "Policy statement must contain resources.");
    if (!trust && s.principals)
        note(c, PROBLEM_ELEMENT, "Policy document should not specify a principal.");
    if (trust && s.resources)
        note(c, PROBLEM_ELEMENT, "Has prohibited field Resource.");
    if (trust && !s.principals)
        note(c, PROBLEM_ELEMENT, "Missing required field Principal");
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

static bool check_version(struct check *c, bool *out_newest)
{
    struct jr_text version;

    if (!jr_string(&c->r, &version))
        return fail(c, SYNTAX);
    *out_newest = jr_text_eq(version, "2012-10-17");
    return *out_newest || jr_text_eq(version, "2008-10-17") || fail(c, SYNTAX);
}

static bool check_top(struct check *c, bool *out_has_statements)
{
    struct jr_text name;
    struct jr_text id;
    bool newest = false;

    if (!jr_enter_object(&c->r))
        return fail(c, SYNTAX);
    while (jr_next_key(&c->r, &name)) {
        if (jr_text_eq(name, "Version")) {
            if (!check_version(c, &newest))
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
    /* AWS: policies inside a role or user, and trust, may still be of 2008. */
    if (c->kind == IAM_DOCUMENT_MANAGED && !newest)
        note(c, PROBLEM_VERSION, "Policy document must be version 2012-10-17 or greater.");
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
        return c->problem;
    if (!jr_finish(&c->r))
        return "This policy contains invalid Json";
    return has_statements ? c->problem : SYNTAX;
}

const char *iam_session_policy_problem(struct arena *a, const char *policy)
{
    return iam_document_problem(a, policy, IAM_DOCUMENT_INLINE);
}
