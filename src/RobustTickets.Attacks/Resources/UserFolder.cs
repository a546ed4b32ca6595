// Location of a user's files: an environment variable, otherwise below XDG_DATA_HOME, otherwise
// below ~/.local/share.
namespace RobustTickets.Attacks.Resources;

/// <summary>Folders of the current user.</summary>
internal static class UserFolder
{
    /// <summary>
    /// The folder in the environment variable, otherwise the named one in the user's data folder.
    /// </summary>
    /// <param name="variable">Environment variable.</param>
    /// <param name="name">Name of the folder.</param>
    public static string Of(string variable, string name)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named)
            return Path.GetFullPath(named);
        var data = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData,
            Environment.SpecialFolderOption.DoNotVerify
        );
        return Path.Combine(data, "robust-tickets", name);
    }
}
