using System.Text.Json;
using System.Text.Json.Nodes;

namespace RobustTickets.Attacks.Metrics;

/// <summary>Finds the first setting in which two attacks differ, for error messages.</summary>
internal static class SettingsDifference
{
    /// <summary>"setting: there old, here new"; null when all are equal.</summary>
    /// <param name="there">settings.json of the folder.</param>
    /// <param name="here">settings.json of the requested attack.</param>
    /// <exception cref="JsonException">One of them is not JSON.</exception>
    public static string? First(string there, string here)
    {
        using var a = GuardedJson.ParseLine(there);
        using var b = GuardedJson.ParseLine(here);
        var (old, now) = (Flat(a.RootElement), Flat(b.RootElement));
        foreach (var name in now.Keys.Concat(old.Keys))
        {
            var (was, will) = (old.GetValueOrDefault(name, "nothing"), now.GetValueOrDefault(name, "nothing"));
            if (was != will)
                return $"{name}: there {was}, here {will}";
        }
        return null;
    }

    /// <summary>
    /// Whether two attacks have the same settings. The <c>source</c> of a value is ignored.
    /// </summary>
    /// <inheritdoc cref="First"/>
    public static bool Same(string there, string here)
    {
        if (there == here)
            return true;
        using (GuardedJson.ParseLine(there))
            return JsonNode.DeepEquals(WithoutSources(there), WithoutSources(here));
    }

    /// <summary>Refuses to resume an attack with other settings.</summary>
    /// <param name="path">settings.json of the folder, for the message.</param>
    /// <param name="there">Its content.</param>
    /// <param name="here">That of the requested attack.</param>
    /// <exception cref="OutputException">They differ.</exception>
    /// <exception cref="DataException">The file is not valid JSON.</exception>
    public static void RequireSame(string path, string there, string here)
    {
        string? difference;
        try
        {
            if (Same(there, here))
                return;
            difference = First(there, here);
        }
        catch (JsonException e)
        {
            throw new DataException(
                $"'{path}' is not a valid attack file: {GuardedJson.Reason(e)}",
                AttackFiles.AnotherFolder,
                e
            );
        }
        throw new OutputException(
            $"'{path}': this folder contains an attack with different settings or examples; "
                + (difference ?? "the files are formatted differently"),
            AttackFiles.AnotherFolder
        );
    }

    private static JsonNode? WithoutSources(string settings)
    {
        var root = JsonNode.Parse(settings);
        Strip(root);
        return root;

        static void Strip(JsonNode? at)
        {
            if (at is JsonObject members)
            {
                members.Remove("source");
                foreach (var (_, member) in members)
                    Strip(member);
            }
            else if (at is JsonArray items)
                foreach (var item in items)
                    Strip(item);
        }
    }

    // Maps path to value for every leaf; list items with a name are addressed by it.
    private static Dictionary<string, string> Flat(JsonElement root)
    {
        var leaves = new Dictionary<string, string>(StringComparer.Ordinal);
        Walk("", root);
        return leaves;

        void Walk(string path, JsonElement at)
        {
            switch (at.ValueKind)
            {
                case JsonValueKind.Object:
                    foreach (var member in at.EnumerateObject())
                        Walk(path.Length == 0 ? member.Name : $"{path}.{member.Name}", member.Value);
                    break;
                case JsonValueKind.Array:
                    var i = 0;
                    foreach (var item in at.EnumerateArray())
                        Walk($"{path}[{(item.Member("item") ?? item.Member("name"))?.Text() ?? $"{i++}"}]", item);
                    break;
                default:
                    leaves.TryAdd(path, at.ValueKind == JsonValueKind.Null ? "none" : at.ToString());
                    break;
            }
        }
    }
}
