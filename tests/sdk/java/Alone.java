import java.util.Map;

/** A handler that knows nothing of AWS. */
public class Alone {
    public Map<String, Object> go(Map<String, Object> input) {
        input.put("more", "yes");
        return input;
    }
}
